function data = webread(url, options)
%WEBREAD What a server answers to a GET, from JSON; an error as MATLAB says it when it refuses.

  answer = web_answer('GET', url, options, '');
  assert(strcmp(options.ContentType, 'json'));
  data = jsondecode(char(answer.Body.Data'));
end

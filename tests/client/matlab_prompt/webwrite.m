function data = webwrite(url, body, options)
%WEBWRITE What a server answers to a struct sent as JSON; an error as MATLAB says it when it refuses.

  assert(strcmp(options.MediaType, 'application/json') && strcmp(options.ContentType, 'json'));
  answer = web_answer('POST', url, options, jsonencode(body));
  data = jsondecode(char(answer.Body.Data'));
end

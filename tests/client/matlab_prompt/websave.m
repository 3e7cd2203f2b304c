function file = websave(file, url, options)
%WEBSAVE Save what a server answers to a GET; an error, and no file, as MATLAB has it when it refuses.

  answer = web_answer('GET', url, options, '');
  handle = fopen(file, 'w');
  fwrite(handle, answer.Body.Data);
  fclose(handle);
end

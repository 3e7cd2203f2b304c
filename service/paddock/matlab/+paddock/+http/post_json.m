function answer = post_json(path, body)
%POST_JSON What the service answers to a struct sent as JSON.
%   What it refuses is an error paddock:refused with its reason.

  url = [paddock.server() path];
  if ~paddock.http.in_octave()
    options = paddock.http.web_options(url, 'MediaType', 'application/json', 'ContentType', 'json', 'Timeout', 60);
    try
      answer = webwrite(url, body, options);
    catch problem
      paddock.http.refused(problem, url, body);
    end
    return
  end
  % Octave's webwrite sends forms only.
  file = [tempname() '.json'];
  handle = fopen(file, 'w');
  fputs(handle, jsonencode(body));
  fclose(handle);
  arguments = sprintf('-H "Content-Type: application/json" --data-binary "@%s"', file);
  [status, text] = paddock.http.curl(url, arguments);
  delete(file);
  if status ~= 0
    error('paddock:noAnswer', 'The program curl is not there, or %s does not answer: %s', paddock.server(), text);
  end
  answer = jsondecode(text);
  if isfield(answer, 'detail')
    error('paddock:refused', '%s', answer.detail);
  end
end

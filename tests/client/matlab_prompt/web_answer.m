function answer = web_answer(method, url, options, body)
%WEB_ANSWER What webread, webwrite and websave have in common: redirects are followed with every header.

  fields = options.HeaderFields;
  if ~isempty(body)
    fields(end + 1, :) = {'Content-Type', options.MediaType};
  end
  answer = matlab.net.http.answer_of(method, url, fields, body, 20);
  if answer.StatusCode >= 400
    error(sprintf('MATLAB:webservices:HTTP%dStatusCodeError', answer.StatusCode), ...
          'The server returned the status %d in response to the request to URL %s.', answer.StatusCode, url);
  end
end

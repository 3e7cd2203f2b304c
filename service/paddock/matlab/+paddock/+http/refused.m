function refused(problem, url, body)
%REFUSED Raise why a request failed: the service's own sentence, else what MATLAB or Octave says.
%   refused(problem, url) asks the URL once more, because neither webread nor urlread tells the answer to what was
%   refused; refused(problem, url, body) sends the struct body to it. Asking twice is harmless everywhere here.

  said = '';
  try
    if nargin < 3
      said = answer(url, 'GET', []);
    else
      said = answer(url, 'POST', body);
    end
    said = jsondecode(said);
  catch
    % Then there is no sentence, and the first problem tells more than this one.
  end
  if isstruct(said) && isfield(said, 'detail')
    error('paddock:refused', '%s', said.detail);
  end
  error('paddock:noAnswer', '%s does not answer that: %s', paddock.server(), problem.message);
end

function text = answer(url, method, body)
  if paddock.http.in_octave()
    [~, text] = paddock.http.curl(url, '');
    return
  end
  request = matlab.net.http.RequestMessage(method);
  if strcmp(method, 'POST')
    request = request.addFields('Content-Type', 'application/json');
    request.Body = matlab.net.http.MessageBody(body);
  end
  said = paddock.http.authorization(url);
  if ~isempty(said)
    request = request.addFields('Authorization', said);
  end
  text = request.send(url, matlab.net.http.HTTPOptions('ConvertResponse', false)).Body.Data;
  if isnumeric(text)
    text = native2unicode(text(:)', 'UTF-8');
  end
  text = char(text);
end

function text = token(text)
%TOKEN The API token with which this session asks a Paddock that has users.
%   paddock.token('pdk_…') tells it; your account page on the site makes one. text = paddock.token() says what holds:
%   that, else the environment variable PADDOCK_TOKEN, else nothing. It is sent to paddock.server() alone.
%
%   See also paddock.server, paddock.find.

  persistent told
  if nargin == 1
    told = strtrim(text);
  end
  text = told;
  if isempty(text)
    text = strtrim(getenv('PADDOCK_TOKEN'));
  end
end

function url = server(url)
%SERVER Where Paddock runs.
%   paddock.server('http://10.7.0.1:8080') tells it for this session; url = paddock.server() says what holds: that,
%   else the environment variable PADDOCK_SERVER, else http://127.0.0.1:8080.
%
%   Where people sign in, paddock.token tells who asks.
%
%   See also paddock.token, paddock.find, paddock.fetch, paddock.load.

  persistent told
  if nargin == 1
    told = regexprep(url, '/+$', '');
  end
  url = told;
  if isempty(url)
    url = regexprep(getenv('PADDOCK_SERVER'), '/+$', '');
  end
  if isempty(url)
    url = 'http://127.0.0.1:8080';
  elseif isempty(strfind(url, '://')) %#ok<STREMP> contains is not in Octave
    url = ['http://' url];
  end
end

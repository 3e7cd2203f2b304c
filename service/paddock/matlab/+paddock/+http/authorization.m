function text = authorization(url)
%AUTHORIZATION What a request for a URL has in the header of that name; empty without a token, and for other servers.

  text = '';
  token = paddock.token();
  server = [paddock.server() '/'];
  if ~isempty(token) && strncmp([url '/'], server, numel(server))
    text = ['Bearer ' token];
  end
end

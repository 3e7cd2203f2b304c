function options = web_options(url, varargin)
%WEB_OPTIONS MATLAB's weboptions for a request for a URL, with the token where there is one.

  options = weboptions(varargin{:});
  said = paddock.http.authorization(url);
  if ~isempty(said)
    options.HeaderFields = {'Authorization', said};
  end
end

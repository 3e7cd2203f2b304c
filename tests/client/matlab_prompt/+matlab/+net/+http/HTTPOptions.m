function options = HTTPOptions(varargin)
%HTTPOPTIONS How a request is sent: MaxRedirects is 20 unless it is said, as in MATLAB.

  options = struct('MaxRedirects', 20, 'ConvertResponse', true);
  for k = 1:2:numel(varargin)
    assert(isfield(options, varargin{k}));
    options.(varargin{k}) = varargin{k + 1};
  end
end

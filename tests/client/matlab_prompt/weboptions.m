function options = weboptions(varargin)
%WEBOPTIONS Options of webread, webwrite and websave; like MATLAB's it refuses one that does not exist.

  options = struct('ContentType', 'auto', 'MediaType', 'auto', 'Timeout', 5, 'HeaderFields', {{}});
  for k = 1:2:numel(varargin)
    assert(isfield(options, varargin{k}));
    options.(varargin{k}) = varargin{k + 1};
  end
end

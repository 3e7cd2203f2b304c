function A = align(S, rate_hz, signals, method)
%ALIGN Signals of several topics on one time axis.
%   A = paddock.align(S, 100, {'VNData.vn_vel_m_s.x', 'VehicleData.current_rpms.FL'}) has A.t, the axis: seconds
%   since the start of the recording, 100 rows per second from 0 to the last sample of all signals; and the signals
%   as columns under their own names: A.VNData.vn_vel_m_s.x. The name of a topic or nested message takes all below.
%
%   Each row holds the last sample at or before its time; before a signal's first sample it is NaN ('' for text),
%   after its last sample that one stays. A = paddock.align(S, rate, signals, 'linear') puts numbers on the line
%   between samples instead; logicals and text still hold. Logicals become doubles, because of the NaN.
%   Works in MATLAB and in GNU Octave.
%
%   See also paddock.tt.

  if nargin < 4
    method = 'hold';
  end
  if ~any(strcmp(method, {'hold', 'linear'}))
    error('paddock:badMethod', 'The method is ''hold'' or ''linear'', not ''%s''.', method);
  end
  if ~(isscalar(rate_hz) && isfinite(rate_hz) && rate_hz > 0)
    error('paddock:badRate', 'The rate must be a number above 0, in Hz.');
  end
  if ischar(signals)
    signals = {signals};
  end
  paths = {};
  for k = 1:numel(signals)
    paths = [paths, below(S, strsplit(signals{k}, '.'), signals{k})]; %#ok<AGROW> few
  end
  last = 0;
  for k = 1:numel(paths)
    last = max(last, max(S.(paths{k}{1}).t));
  end
  A = struct('t', (0:floor(last * rate_hz + 1e-9))' / rate_hz);
  for k = 1:numel(paths)
    column = on_axis(S.(paths{k}{1}).t, getfield(S, paths{k}{:}), A.t, method); %#ok<GFLD> nested
    A = setfield(A, paths{k}{:}, column); %#ok<SFLD>
  end
end

function paths = below(S, path, asked)
  node = S;
  for k = 1:numel(path)
    if ~isstruct(node) || ~isfield(node, path{k})
      error('paddock:noSignal', 'There is no signal ''%s''.', asked);
    end
    node = node.(path{k});
  end
  if ~isstruct(node)
    paths = {path};
    return
  end
  paths = {};
  names = fieldnames(node);
  for k = 1:numel(names)
    if ~(numel(path) == 1 && any(strcmp(names{k}, {'t', 'time_ns', 'meta'})))
      paths = [paths, below(S, [path names(k)], asked)]; %#ok<AGROW>
    end
  end
end

function column = on_axis(t, values, axis, method)
  [t, kept] = unique(t(:), 'last');
  values = values(kept, :);
  % Rounding of the axis must not lose the sample that lies on it.
  reach = axis + 1e-9;
  if numel(t) == 1
    index = double(reach >= t);
    index(index == 0) = NaN;
  else
    index = interp1(t, (1:numel(t))', min(reach, t(end)), 'previous', NaN);
  end
  known = ~isnan(index);
  if iscell(values)
    column = repmat({''}, numel(axis), size(values, 2));
    column(known, :) = values(index(known), :);
    return
  end
  column = nan(numel(axis), size(values, 2));
  column(known, :) = values(index(known), :);
  if strcmp(method, 'linear') && isfloat(values) && numel(t) > 1
    between = known & axis > t(1) & axis < t(end);
    column(between, :) = interp1(t, values, axis(between), 'linear');
  end
end

function F = flat(S)
%FLAT One level of columns from a topic's struct, one row per instant.
%   F = paddock.flat(S.VNData) has F.t (seconds, strictly increasing) and F.columns, a struct of N-row columns
%   with flat names: vn_vel_m_s.x becomes vn_vel_m_s_x. Of messages with the same time the last one stays.
%   F.units and F.continuity are structs with the same names: the unit ('' if unknown), and 'continuous' for
%   measured values or 'step' for logicals, whole numbers and text. Works in MATLAB and in GNU Octave.
%
%   See also paddock.tt, paddock.align.

  [F.t, kept] = unique(S.t(:), 'last');
  F.columns = struct();
  F.units = struct();
  F.continuity = struct();
  units = struct();
  if isfield(S, 'meta') && isfield(S.meta, 'units')
    units = S.meta.units;
  end
  F = walk(F, S, units, '', kept, numel(S.t));
end

function F = walk(F, node, units, prefix, kept, rows)
  names = fieldnames(node);
  for k = 1:numel(names)
    name = names{k};
    value = node.(name);
    if isempty(prefix) && any(strcmp(name, {'t', 'time_ns', 'meta'}))
      continue
    end
    unit = '';
    if isstruct(units) && isfield(units, name)
      unit = units.(name);
    end
    if isstruct(value)
      F = walk(F, value, unit, [prefix name '_'], kept, rows);
    elseif size(value, 1) == rows
      column = unused(F.columns, [prefix name]);
      F.columns.(column) = value(kept, :);
      if isstruct(unit)
        unit = '';
      end
      F.units.(column) = unit;
      F.continuity.(column) = continuity(value);
    end
  end
end

function name = unused(columns, wanted)
  % MATLAB takes 63 characters, and two paths may give one flat name.
  name = wanted(1:min(end, 63));
  number = 1;
  while isfield(columns, name)
    number = number + 1;
    suffix = sprintf('_%d', number);
    name = [wanted(1:min(end, 63 - numel(suffix))) suffix];
  end
end

function word = continuity(value)
  if isfloat(value) && any(value(:) ~= fix(value(:)) & ~isnan(value(:)))
    word = 'continuous';
  else
    word = 'step';
  end
end

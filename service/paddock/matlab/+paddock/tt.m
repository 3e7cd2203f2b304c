function T = tt(S)
%TT A topic as a timetable.
%   T = paddock.tt(S.VNData) has flat variable names (vn_vel_m_s.x becomes vn_vel_m_s_x), the known units, unique
%   row times (seconds since the start of the recording; of messages with the same time the last one stays), and
%   VariableContinuity set, so that retime and synchronize interpolate what was measured and hold what steps.
%
%   Timetables exist in MATLAB only (R2016b or later; continuity R2016b). In GNU Octave this function stops with an
%   error, and paddock.flat gives the same columns, names, units and continuity as structs.
%
%   See also paddock.flat, paddock.align, timetable, synchronize.

  if exist('timetable') == 0 %#ok<EXIST> a class in MATLAB, nothing in Octave
    error('paddock:noTimetable', ...
          'Timetables exist in MATLAB only. paddock.flat(S) gives the same columns as a struct.');
  end
  F = paddock.flat(S);
  names = fieldnames(F.columns);
  T = timetable('Size', [numel(F.t) 0], 'VariableTypes', {}, 'RowTimes', seconds(F.t));
  T.Properties.DimensionNames{1} = 't';
  for k = 1:numel(names)
    name = names{k};
    if strcmp(name, 't') || strcmp(name, 'Variables') || strcmp(name, 'Properties')
      name = [name '_']; %#ok<AGROW> names that a timetable keeps for itself
    end
    T.(name) = F.columns.(names{k});
    T.Properties.VariableUnits{name} = F.units.(names{k});
  end
  if ~isempty(names)
    T.Properties.VariableContinuity = struct2cell(F.continuity)';
  end
end

function T = tt(S)
%TT A topic as a timetable.
%   T = paddock.tt(S.VNData) has flat variable names (vn_vel_m_s.x becomes vn_vel_m_s_x), the known units, unique
%   row times (seconds since the start of the recording; of messages with the same time the last one stays), and
%   VariableContinuity set, so that retime and synchronize interpolate what was measured and hold what steps.
%
%   Timetables exist in MATLAB only (R2016b or later). In GNU Octave this function stops with an
%   error, and paddock.flat gives the same columns, names, units and continuity as structs.
%
%   See also paddock.flat, paddock.align, timetable, synchronize.

  if exist('timetable') == 0 %#ok<EXIST> a class in MATLAB, nothing in Octave
    error('paddock:noTimetable', ...
          'Timetables exist in MATLAB only. paddock.flat(S) gives the same columns as a struct.');
  end
  F = paddock.flat(S);
  names = fieldnames(F.columns)';
  if isempty(names)
    T = timetable('RowTimes', seconds(F.t));
    return
  end
  % A timetable keeps these names for itself.
  taken = ismember(names, {'Time', 'Variables', 'Properties'});
  names(taken) = strcat(names(taken), '_');
  columns = struct2cell(F.columns);
  T = timetable(columns{:}, 'RowTimes', seconds(F.t), 'VariableNames', names);
  T.Properties.DimensionNames{1} = 't';
  T.Properties.VariableUnits = struct2cell(F.units)';
  T.Properties.VariableContinuity = struct2cell(F.continuity)';
end

function R = find(varargin)
%FIND Recordings of a running Paddock, the latest start first.
%   R = paddock.find('car', 'HT09', 'driver', 'Adam') is a struct array with id, name, status, health, started_at,
%   duration_s, highlights (distance_m, max_speed_m_s …) and all metadata fields: car, driver, event, venue, session,
%   run, notes, and those that the team added, which are filters, too: paddock.find('tyre_set', 'A3').
%   Words to find in names and metadata may stand first: paddock.find('endurance', 'car', 'HT09').
%   Further filters: 'topic', 'from' and 'to' ('2026-04-18'), and 'signal', as
%   'max(BatteryPack.cell_temp) > 55'. A cell of texts means any of them. 'limit' is 500 unless given.
%   A filter that is not there, or cannot be read, is an error with the service's reason.
%   Works in MATLAB and in GNU Octave.
%
%   See also paddock.fetch, paddock.load, paddock.server.

  if mod(nargin, 2) ~= 0
    varargin = [{'text'}, varargin];
  end
  limit = 500;
  query = {};
  for k = 1:2:numel(varargin)
    switch varargin{k}
      case 'limit'
        limit = varargin{k + 1};
      case 'text'
        query = [query, {'q', varargin{k + 1}}]; %#ok<AGROW> few
      otherwise
        query = [query, varargin(k:k + 1)]; %#ok<AGROW>
    end
  end
  fields = paddock.http.get_json('/api/fields', {});
  fields = {fields.items.name};
  R = struct([]);
  after = '';
  while numel(R) < limit
    page = paddock.http.get_json('/api/recordings', [query, {'limit', min(limit - numel(R), 500), 'after', after}]);
    items = page.items;
    if ~iscell(items)
      items = num2cell(items);
    end
    for k = 1:numel(items)
      R = [R; row(items{k}, fields)]; %#ok<AGROW>
    end
    after = page.next;
    if isempty(after)
      break
    end
  end
end

function r = row(item, fields)
  kept = {'id', 'name', 'status', 'health', 'started_at', 'duration_s', 'highlights'};
  r = struct();
  for k = 1:numel(kept)
    r.(kept{k}) = [];
    if isfield(item, kept{k})
      r.(kept{k}) = item.(kept{k});
    end
  end
  for k = 1:numel(fields)
    r.(fields{k}) = '';
    if isfield(item.metadata, fields{k})
      r.(fields{k}) = item.metadata.(fields{k}).value;
    end
  end
end

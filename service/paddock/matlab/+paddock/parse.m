function D = parse(file)
%PARSE The struct that scripts for the old converter (layout hytech-v2) expect.
%   D = paddock.parse('run.mat') or D = paddock.parse('run.h5') has D.<topic>.<path>.Data and .Timestamp (seconds
%   since the first message of the file), from a .mat of layout hytech-v2 or of the default layout, or from a .h5.
%
%   A .h5 needs MATLAB: its datasets are compounds, which GNU Octave takes for complex numbers and loads as zeros
%   without a word, so this function refuses there. A .mat works in both.

  [~, ~, suffix] = fileparts(file);
  if any(strcmpi(suffix, {'.h5', '.hdf5'}))
    D = from_h5(file);
    return
  end
  D = load(file);
  if ~isfield(D, 'meta')
    return
  end
  topics = setdiff(fieldnames(D), {'meta'});
  D = rmfield(D, 'meta');
  for k = 1:numel(topics)
    topic = D.(topics{k});
    own = intersect(fieldnames(topic), {'t', 'time_ns', 'meta'});
    D.(topics{k}) = with_times(rmfield(topic, own), topic.t);
  end
end

function node = with_times(node, t)
  names = fieldnames(node);
  for k = 1:numel(names)
    value = node.(names{k});
    if isstruct(value)
      node.(names{k}) = with_times(value, t);
    else
      column = struct();
      column.Data = value;
      column.Timestamp = t;
      node.(names{k}) = column;
    end
  end
end

function D = from_h5(file)
  if exist('h5read') == 0 %#ok<EXIST> a function in MATLAB, nothing in Octave
    error('paddock:noH5', 'GNU Octave cannot read these .h5 files: convert to .mat with layout hytech-v2.');
  end
  D = struct();
  data = h5info(file, '/data');
  % Groups come by name; chunk_10 must follow chunk_9.
  numbers = arrayfun(@(group) sscanf(regexp(group.Name, '\d+$', 'match', 'once'), '%d'), data.Groups);
  [~, order] = sort(numbers);
  for group = data.Groups(order)'
    for k = 1:numel(group.Datasets)
      name = group.Datasets(k).Name;
      part = h5read(file, [group.Name '/' name]);
      % Lists of one length come with their elements first.
      if size(part.Data, 1) ~= numel(part.Timestamp)
        part.Data = part.Data.';
      end
      path = strsplit(name, '.');
      try
        known = getfield(D, path{:}); %#ok<GFLD>
      catch
        known = struct('Data', [], 'Timestamp', []);
      end
      known.Data = [known.Data; part.Data];
      known.Timestamp = [known.Timestamp; part.Timestamp(:)];
      D = setfield(D, path{:}, known); %#ok<SFLD>
    end
  end
end

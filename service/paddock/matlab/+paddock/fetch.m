function file = fetch(recording, varargin)
%FETCH Download a file of a recording; the path where it is.
%   file = paddock.fetch(R(1)) or paddock.fetch('a3f9c21083') is the MATLAB file that every recording has.
%   Options make an export: 'format' ('mat', 'csv', 'parquet' …), 'layout', 'signals' (a text or a cell, globs
%   allowed), 'start_s', 'end_s', 'rate_hz', 'interpolation', 'native', 'compress', 'mat_version'; and 'folder', where
%   the file goes, by default here, made when it is missing. What was made before is not made again. Where there is
%   another file of that name, this one becomes 'name (2)'; with 'overwrite', true it is replaced.
%   file = paddock.fetch(R(1), 'attachment', 'notes.txt') is a file from inside the log, and 'file' instead of
%   'attachment' one that somebody put beside it; by name, or by number from 1.
%   Works in MATLAB, and in GNU Octave where the program curl is there.
%
%   See also paddock.find, paddock.load.

  if isstruct(recording)
    recording = recording.id;
  end
  folder = pwd;
  overwrite = false;
  wanted = {};
  request = struct('format', 'mat');
  for k = 1:2:numel(varargin)
    if strcmp(varargin{k}, 'folder')
      folder = varargin{k + 1};
    elseif strcmp(varargin{k}, 'overwrite')
      overwrite = varargin{k + 1};
    elseif any(strcmp(varargin{k}, {'attachment', 'file'}))
      wanted = varargin(k:k + 1);
    else
      request.(varargin{k}) = varargin{k + 1};
    end
  end
  if ~isempty(wanted)
    file = fetch_listed(recording, wanted{:}, folder, overwrite);
    return
  end
  if isfield(request, 'signals') && ischar(request.signals)
    request.signals = {request.signals};
  end
  path = ['/api/recordings/' recording '/exports'];
  asked = paddock.http.post_json(path, request);
  while isempty(asked.artifact)
    if strcmp(asked.state, 'dead')
      error('paddock:exportFailed', '%s', asked.error.message);
    end
    pause(0.3);
    if strcmp(asked.state, 'done')
      % Metadata or catalogue changed while it was made, and with them the file's id.
      asked = paddock.http.post_json(path, request);
    else
      asked = paddock.http.get_json([path '/' asked.id], {});
    end
  end
  file = paddock.http.download([paddock.server() asked.artifact.url], folder, asked.artifact.name, overwrite);
end

function file = fetch_listed(recording, kind, wanted, folder, overwrite)
  answer = paddock.http.get_json(['/api/recordings/' recording], {'fields', [kind 's,original_fault']});
  listed = answer.([kind 's']);
  if isempty(listed)
    error('paddock:noSuchFile', 'This recording has no %s.', kind);
  end
  names = {listed.name};
  if isnumeric(wanted)
    index = wanted(wanted >= 1 & wanted <= numel(listed));
  else
    index = find(strcmp(names, wanted), 1);
  end
  if isempty(index)
    error('paddock:noSuchFile', 'This recording has no such %s. It has: %s.', kind, strjoin(names, ', '));
  end
  if isempty(listed(index).url)
    error('paddock:noOriginal', 'The file is in the log. %s', answer.original_fault.message);
  end
  % A recorder may have put folders before the name.
  name = regexprep(names{index}, '^.*[/\\]', '');
  file = paddock.http.download([paddock.server() listed(index).url], folder, name, overwrite);
end

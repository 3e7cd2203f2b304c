function file = download(url, folder, name, overwrite)
%DOWNLOAD Save what is behind a URL into a folder, which is made when it is missing; the path where it is.
%   Nothing that exists is destroyed: where there is another file of that name this one becomes 'name (2)', and one
%   with the same bytes is left as it is. With overwrite it is replaced.

  if exist(folder, 'dir') ~= 7
    [made, problem] = mkdir(folder);
    if ~made
      error('paddock:noFolder', '%s cannot be made: %s', folder, problem);
    end
  end
  aside = [tempname(folder) '.part'];
  if paddock.http.in_octave()
    if isempty(paddock.http.authorization(url))
      [~, ok, problem] = urlwrite(url, aside); %#ok<URLWR> MATLAB takes the other branch
    else
      [status, problem] = paddock.http.curl(url, sprintf('--fail --location --max-time 600 -o "%s"', aside));
      ok = status == 0;
    end
    if ~ok
      remove(aside);
      error('paddock:noAnswer', 'The download broke off: %s', problem);
    end
  else
    try
      link = leads_to(url);
      websave(aside, link, paddock.http.web_options(link, 'Timeout', 600));
    catch problem
      remove(aside);
      rethrow(problem);
    end
  end
  parts = regexp(name, '^(.*?)((?:\.\w+)?\.zip|\.[^.]*)?$', 'tokens', 'once');
  file = fullfile(folder, name);
  number = 1;
  while ~overwrite && exist(file, 'file')
    if same_bytes(aside, file)
      remove(aside);
      return
    end
    number = number + 1;
    file = fullfile(folder, sprintf('%s (%d)%s', parts{1}, number, parts{2}));
  end
  [moved, problem] = movefile(aside, file, 'f');
  if ~moved
    remove(aside);
    error('paddock:notWritten', '%s cannot be written: %s', file, problem);
  end
end

function link = leads_to(url)
%LEADS_TO Where the service redirects to: MATLAB would send the token there as well, and a bucket refuses a signed
%   link that comes with one.
  link = url;
  said = paddock.http.authorization(url);
  if isempty(said)
    return
  end
  % One byte: a service that redirects nowhere would send the whole file here, and once more below.
  request = matlab.net.http.RequestMessage('GET');
  request = request.addFields('Authorization', said);
  request = request.addFields('Range', 'bytes=0-0');
  answer = request.send(url, matlab.net.http.HTTPOptions('MaxRedirects', 0, 'ConvertResponse', false));
  location = answer.getFields('Location');
  if ~isempty(location)
    link = char(location(1).Value);
  end
end

function remove(file)
  if exist(file, 'file')
    delete(file);
  end
end

function same = same_bytes(a, b)
  one = dir(a);
  other = dir(b);
  same = isscalar(other) && one.bytes == other.bytes && isequal(bytes_of(a), bytes_of(b));
end

function bytes = bytes_of(file)
  opened = fopen(file, 'r');
  bytes = fread(opened, Inf, '*uint8');
  fclose(opened);
end

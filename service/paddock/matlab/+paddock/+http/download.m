function download(url, file)
%DOWNLOAD Save what is behind a URL to a file.

  if paddock.http.in_octave()
    [~, ok, problem] = urlwrite(url, file); %#ok<URLWR> MATLAB takes the other branch
    if ~ok
      error('paddock:noAnswer', 'The download broke off: %s', problem);
    end
  else
    websave(file, url, weboptions('Timeout', 600));
  end
end

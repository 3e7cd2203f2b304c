function [status, text] = curl(url, arguments)
%CURL Ask for a URL with the program curl, for GNU Octave, which sends no headers; its exit status, and what it
%   says: the answer, or what went wrong.
%   The token goes by a file that nobody else can read: what stands in a command is seen by everybody on the machine.

  said = paddock.http.authorization(url);
  config = '';
  if ~isempty(said)
    file = tempname();
    before = umask(77);
    handle = fopen(file, 'w');
    umask(before);
    fprintf(handle, 'header = "Authorization: %s"\n', said);
    fclose(handle);
    config = sprintf('-K "%s" ', file);
  end
  [status, text] = system(sprintf('curl -sS --max-time 60 %s%s "%s" 2>&1', config, arguments, url));
  if ~isempty(said)
    delete(file);
  end
end

function answer = answer_of(method, url, fields, body, redirects)
%ANSWER_OF What a server answers, asked by curl, which sends every field to wherever it is led, as MATLAB does.

  head = tempname();
  saved = tempname();
  sent = tempname();
  line = sprintf('curl -sS --max-time 60 -X %s -D "%s" -o "%s"', method, head, saved);
  if redirects > 0
    line = sprintf('%s --location-trusted --max-redirs %d', line, redirects);
  end
  for k = 1:size(fields, 1)
    line = sprintf('%s -H "%s: %s"', line, fields{k, :});
  end
  if ~isempty(body)
    handle = fopen(sent, 'w');
    fputs(handle, body);
    fclose(handle);
    line = sprintf('%s --data-binary "@%s"', line, sent);
  end
  [status, problem] = system(sprintf('%s "%s" 2>&1', line, url));
  if status ~= 0
    error('MATLAB:webservices:UnknownHost', 'curl ends with %d: %s', status, problem);
  end
  blocks = strsplit(strtrim(fileread(head)), "\r\n\r\n");
  answer = struct('StatusCode', sscanf(blocks{end}, '%*s %d'), 'Head', blocks{end});
  answer.getFields = @(name) field_of(blocks{end}, name);
  answer.Body = struct('Data', zeros(0, 1, 'uint8'));
  if exist(saved, 'file')
    handle = fopen(saved, 'r');
    answer.Body.Data = fread(handle, Inf, '*uint8');
    fclose(handle);
  end
  for file = {head, saved, sent}
    if exist(file{1}, 'file')
      delete(file{1});
    end
  end
end

function found = field_of(head, name)
  value = regexp(head, ['(?<=\n' name ': )[^\r\n]*'], 'match', 'once', 'ignorecase');
  found = struct('Name', {}, 'Value', {});
  if ~isempty(value)
    found = struct('Name', name, 'Value', value);
  end
end

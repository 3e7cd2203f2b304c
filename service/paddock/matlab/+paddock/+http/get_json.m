function answer = get_json(path, query)
%GET_JSON What the service answers to a GET; query is {name, value, …}, where a cell of values repeats the name.
%   What it refuses is an error paddock:refused with its reason; in GNU Octave that needs the program curl.

  url = [paddock.server() path];
  mark = '?';
  for k = 1:2:numel(query)
    values = query{k + 1};
    if ~iscell(values)
      values = {values};
    end
    for v = 1:numel(values)
      text = values{v};
      if isnumeric(text)
        text = sprintf('%.17g', text);
      end
      if ~isempty(text)
        url = [url mark query{k} '=' encoded(text)]; %#ok<AGROW>
        mark = '&';
      end
    end
  end
  try
    if ~paddock.http.in_octave()
      answer = webread(url, paddock.http.web_options(url, 'ContentType', 'json', 'Timeout', 60));
    elseif isempty(paddock.token())
      answer = jsondecode(urlread(url)); %#ok<URLRD> MATLAB takes the other branch
    else
      [status, text] = paddock.http.curl(url, '--fail');
      if status ~= 0
        error('paddock:noAnswer', 'curl ends with %d: %s', status, text);
      end
      answer = jsondecode(text);
    end
  catch problem
    paddock.http.refused(problem, url);
  end
end

function text = encoded(text)
  % urlencode writes + for a blank in some versions; percent signs are right everywhere.
  bytes = unicode2native(text, 'UTF-8');
  plain = ismember(bytes, uint8(['a':'z' 'A':'Z' '0':'9' '-_.~']));
  parts = cell(1, numel(bytes));
  for k = 1:numel(bytes)
    if plain(k)
      parts{k} = char(bytes(k));
    else
      parts{k} = sprintf('%%%02X', bytes(k));
    end
  end
  text = [parts{:}];
end

classdef RequestMessage
%REQUESTMESSAGE A request, sent by the program curl. Like MATLAB's, it is a value: addFields answers another one.

  properties
    Method = 'GET';
    Body = [];
  end
  properties (SetAccess = private)
    Fields = {};
  end
  methods
    function self = RequestMessage(method)
      self.Method = method;
    end

    function self = addFields(self, name, value)
      self.Fields(end + 1, :) = {name, char(value)};
    end

    function answer = send(self, url, options)
      redirects = options.MaxRedirects;
      body = '';
      if ~isempty(self.Body)
        body = jsonencode(self.Body.Data);
      end
      answer = matlab.net.http.answer_of(self.Method, url, self.Fields, body, redirects);
      assert(~options.ConvertResponse);
    end
  end
end

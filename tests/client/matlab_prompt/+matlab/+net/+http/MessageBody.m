function body = MessageBody(data)
%MESSAGEBODY What a request carries; a struct is sent as JSON.

  body = struct('Data', data);
end

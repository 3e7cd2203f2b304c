function S = load(recording, varargin)
%LOAD A recording as the struct that load('….mat') gives, from a running Paddock.
%   S = paddock.load(R(1)) or paddock.load('a3f9c21083'); plot(S.VNData.t, S.VNData.vn_vel_m_s.x)
%   S = paddock.load(R(1), 'signals', {'VNData.*'}, 'rate_hz', 100) loads only these, on one clock; the options are
%   those of paddock.fetch. Works in MATLAB, and in GNU Octave where the program curl is there.
%
%   See also paddock.find, paddock.fetch, paddock.tt, paddock.align.

  folder = tempname();
  mkdir(folder);
  file = paddock.fetch(recording, varargin{:}, 'format', 'mat', 'folder', folder);
  try
    S = builtin('load', file);
  catch problem
    forget(file, folder);
    rethrow(problem);
  end
  forget(file, folder);
end

function forget(file, folder)
  delete(file);
  rmdir(folder);
end

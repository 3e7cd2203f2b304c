function yes = in_octave()
%IN_OCTAVE Whether this is GNU Octave.

  yes = exist('OCTAVE_VERSION', 'builtin') ~= 0;
end

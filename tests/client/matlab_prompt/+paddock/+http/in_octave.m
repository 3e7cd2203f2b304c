function yes = in_octave()
%IN_OCTAVE No, so that GNU Octave runs what MATLAB runs; this folder imitates the functions that only MATLAB has.

  yes = false;
end

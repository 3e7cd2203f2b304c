% What test_octave.py asks of GNU Octave: reads the files of this folder, leaves result.json.
warning('off', 'all');
addpath(getenv('PADDOCK_MATLAB'));
R = struct();

% --- the session of the design
S = load('run.mat');
R.run = rmfield(S.meta.run, 'started_ns');  % jsonencode knows no int64 matrix
R.plot = [numel(S.VNData.t) numel(S.VNData.vn_vel_m_s.x)];
d = S.VehicleData.current_rpms;  v = mean([d.FL d.FR d.RL d.RR],2)/11.86*2*pi/60*0.2032;
R.v = v;
A = paddock.align(S, 100, {'VNData.vn_vel_m_s.x','VehicleData.current_rpms.FL'});
R.align_t = A.t;
R.align_x = A.VNData.vn_vel_m_s.x;
R.align_fl = A.VehicleData.current_rpms.FL;
L = paddock.align(S, 100, 'VNData', 'linear');
R.linear_x = L.VNData.vn_vel_m_s.x;
R.linear_mode = L.VNData.mode;
try, paddock.align(S, 100, {'VNData.nothing'}); catch e, R.no_signal = e.identifier; end
F = paddock.flat(S.VNData);
R.flat_names = fieldnames(F.columns);
R.flat_t = F.t;
R.flat_x = F.columns.vn_vel_m_s_x;
R.flat_units = F.units;
R.flat_continuity = F.continuity;
try, paddock.tt(S.VNData); catch e, R.no_timetable = e.identifier; end

% --- every kind of field
K = load('kinds.mat'); k = K.every_kind;
R.fields = fieldnames(k);
R.classes = structfun(@class, k, 'UniformOutput', false);
R.sizes = structfun(@size, k, 'UniformOutput', false);
R.t = k.t;
R.time_ns = sprintf('%d', k.time_ns(2));
R.f32 = sprintf('%.17g ', k.f32);
R.on = k.on;
R.text = k.text;
R.bytes = cellfun(@double, k.text, 'UniformOutput', false);
R.ragged = k.ragged;
R.ragged_size = size(k.ragged{4});
R.raw = double(k.raw{3});
R.names = k.names{3};
R.speed = k.inner.speed;
R.enum_names = K.meta.enums.every_kind.mode.names;
R.original = K.meta.signals.original;
R.compressed_equal = isequaln(K, load('compressed.mat'));
N = load('native.mat');
R.native = structfun(@class, N.every_kind, 'UniformOutput', false);
R.native_i64 = sprintf('%d ', N.every_kind.i64);

% --- MAT v7.3, as far as Octave reads it
for name = {'v73.mat', 'v73z.mat'}
  V = load(name{1});
  same = struct();
  for f = {'t','time_ns','f32','f64','i64','u8','mode','optional','maybe','at','took','cells'}
    read = V.every_kind.(f{1});
    same.(f{1}) = isequaln(read, k.(f{1})) && strcmp(class(read), class(k.(f{1})));
  end
  same.inner = isequaln(V.every_kind.inner.speed, k.inner.speed);
  % Octave 7 has no text and no logical from HDF5: code units (uint16) and uint8 arrive.
  same.on = isequal(V.every_kind.on, k.on) && isa(V.every_kind.on, 'uint8');
  same.text = strcmp(char(V.meta.run.health), K.meta.run.health);
  same.started = isequal(V.meta.run.started_ns, K.meta.run.started_ns);
  R.(strrep(name{1}, '.mat', '')) = same;
end

% --- old scripts
D = paddock.parse('v2.mat');
E = paddock.parse('kinds.mat');
D = D.every_kind;  E = E.every_kind;
R.parse_equal = isequaln(D.inner.speed, E.inner.speed) && isequal(D.text, E.text);
R.parse = D.inner.speed;
try, paddock.parse('v2.h5'); catch e, R.no_h5 = e.identifier; end
O = load('v1.mat');
R.v1 = O.data.every_kind.f64;

file = fopen('result.json', 'w'); fputs(file, jsonencode(R)); fclose(file);

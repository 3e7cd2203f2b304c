module paddock.test/cable

go 1.21

# What the application of the tests is. Its password is made up on the node when nobody gives one.

default['test']['password'] = nil
default['test']['port'] = 5432
# What test::text does with the settings.
default['test']['settings'] = {}

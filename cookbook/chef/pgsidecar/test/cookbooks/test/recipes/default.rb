# The application and pgsidecar in one run, nothing said twice.

include_recipe 'test::application'
include_recipe 'pgsidecar::autoconfig'

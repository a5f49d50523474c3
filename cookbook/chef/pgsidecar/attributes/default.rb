# Everything that the two recipes ask a node for; what is written here is what they do without being told anything.

# Where the package comes from: a local file, a URL with its checksum, or, with neither, a repository that the node has.
default['pgsidecar']['package_name'] = 'pgsidecar'
default['pgsidecar']['package_file'] = nil
default['pgsidecar']['package_url'] = nil
default['pgsidecar']['package_checksum'] = nil
default['pgsidecar']['version'] = nil
default['pgsidecar']['allow_downgrade'] = false

# The application's own file. The recipe `autoconfig` looks for it in these places when it is not named.
default['pgsidecar']['application_yml'] = nil
default['pgsidecar']['application_yml_places'] = %w(/srv/*/current/config/application.yml /srv/*/config/application.yml)
# The section of it that counts; nil leaves that to the agent (production).
default['pgsidecar']['environment'] = nil

# Settings of pgsidecar.yml. No passwords: attributes are saved on the server, where others read them.
default['pgsidecar']['settings'] = {}
# System users who may connect; nil lets `autoconfig` take the owner of the application's file.
default['pgsidecar']['client_users'] = nil
# Further agents: a name each, with `application_yml`, `environment`, `settings` and `client_users` of its own.
default['pgsidecar']['instances'] = {}

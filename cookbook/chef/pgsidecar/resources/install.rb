# Installs the package: from a file, from a URL with its checksum, or from a repository that the node has.

unified_mode true

provides :pgsidecar_install

property :package_name, String,
         default: 'pgsidecar',
         desired_state: false,
         description: 'Name of the package.'

property :version, String,
         description: 'The version to have, as the package manager writes it (`0.1.0`, and `0.1.0-1` for an rpm). Not set: whatever the file ' \
                      'holds; from a repository, any version that is installed, or the newest when none is.'

property :package_file, String,
         desired_state: false,
         callbacks: { 'has to be an absolute path' => ->(path) { path.start_with?('/') } },
         description: 'A package on the node.'

property :package_url, String,
         desired_state: false,
         callbacks: { 'has to end in .deb or .rpm' => ->(url) { url.match?(/\.(?:deb|rpm)\z/) } },
         description: 'A package to download. `checksum` goes with it.'

property :checksum, String,
         regex: /\A\h{64}\z/,
         desired_state: false,
         description: 'SHA-256 of what `package_url` gives.'

property :allow_downgrade, [true, false],
         default: false,
         desired_state: false,
         description: 'Whether a version older than the installed one may be put in its place. Without it that is an error.'

# What is wrong with the properties as a whole is said before anything on the node was changed.
def after_created
  raise ArgumentError, "#{self}: package_file and package_url are two places for one package: set one" if package_file && package_url
  raise ArgumentError, "#{self}: package_url needs its checksum: what is downloaded runs with the database's passwords" if package_url && !checksum
  raise ArgumentError, "#{self}: checksum belongs to package_url, which is not set" if checksum && !package_url
end

load_current_value do |desired|
  installed = installed_version(desired.package_name)
  current_value_does_not_exist! unless installed
  version installed
end

# nil when it is not installed. Removed with its configuration left counts as that.
def installed_version(name)
  if platform_family?('debian')
    found = shell_out('dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', name)
    found.stdout[/\Ainstalled (\S+)/, 1] unless found.error?
  else
    found = shell_out('rpm', '-q', '--queryformat', '%{VERSION}-%{RELEASE}', name)
    found.stdout.strip unless found.error?
  end
end

action_class do
  # The package file on the node, downloaded where it has to be; nil when a repository has it.
  def local_file
    return new_resource.package_file unless new_resource.package_url

    url = new_resource.package_url
    path = ::File.join(Chef::Config[:file_cache_path], url.split('/').last)
    remote_file path do
      source url
      checksum new_resource.checksum
      mode '0644'
    end
    path
  end

  # The version that the file holds; nil in why-run mode when it would have been made or downloaded before.
  def version_in(path)
    unless ::File.file?(path)
      raise ArgumentError, "#{new_resource}: there is no file #{path}" unless whyrun_mode?

      return
    end
    command = platform_family?('debian') ? ['dpkg-deb', '-f', path, 'Version'] : ['rpm', '-qp', '--queryformat', '%{VERSION}-%{RELEASE}', path]
    shell_out!(*command).stdout.strip
  end

  # The version to install; nil is any.
  def wanted_version(path)
    held = version_in(path) if path
    pinned = new_resource.version
    return pinned || held if held.nil? || pinned.nil?
    return held if Pgsidecar::Cookbook::PackageVersion.same?(pinned, held)

    raise ArgumentError, "#{new_resource}: #{path} holds version #{held}, and version is #{pinned}"
  end

  def refuse_downgrade(wanted)
    present = current_resource&.version
    return if wanted.nil? || present.nil? || new_resource.allow_downgrade
    return if Pgsidecar::Cookbook::PackageVersion.same?(wanted, present)
    return unless Pgsidecar::Cookbook::PackageVersion.older?(wanted, present)

    raise ArgumentError, "#{new_resource}: version #{present} is installed, and #{wanted} is older: set allow_downgrade to go back"
  end

  def install_file(path, wanted)
    # The configuration is Chef's: dpkg is not to ask which one to keep, since nobody is there to answer.
    package_type, flags = platform_family?('debian') ? [:dpkg_package, %w(--force-confdef --force-confold)] : [:rpm_package, nil]
    unless platform_family?('debian', 'rhel', 'fedora', 'amazon')
      raise ArgumentError, "#{new_resource}: no package file is known for the platform family #{node['platform_family']}: use a repository"
    end

    declare_resource(package_type, new_resource.package_name) do
      source path
      version wanted if wanted
      options flags if flags
      action :install
    end
  end

  def install_from_repository(wanted, how)
    downgrade = platform_family?('debian') && new_resource.allow_downgrade
    package new_resource.package_name do
      version wanted if wanted
      options '--allow-downgrades' if downgrade
      action how
    end
  end

  def put_in_place(how)
    path = local_file
    wanted = wanted_version(path)
    refuse_downgrade(wanted)
    if path then install_file(path, wanted)
    elsif !Pgsidecar::Cookbook::PackageVersion.same?(wanted, current_resource&.version)
      install_from_repository(wanted, how)
    end
  end

  def take_away(how)
    package new_resource.package_name do
      action how
    end
  end
end

action :install, description: 'Have the package, in the version that is asked for.' do
  put_in_place(:install)
end

action :upgrade, description: 'The same; without `version`, the newest that the repository has.' do
  put_in_place(new_resource.version ? :install : :upgrade)
end

action :remove, description: 'Take the package away. Its configuration stays.' do
  take_away(:remove)
end

action :purge, description: 'Take the package away, its configuration and its state with it.' do
  take_away(:purge)
end

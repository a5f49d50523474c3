# Writes the configuration of one agent, judged by `pgsidecar check` before it is put in place.

unified_mode true

provides :pgsidecar_config

use 'partial/instance'

property :source, [String, Array],
         coerce: proc { |paths| Array(paths) },
         default: lazy { text_given? ? [source_file].freeze : [].freeze },
         default_description: 'the file of `source_text` or `source_attribute`, or none',
         description: "The application's own files, by absolute paths, the first one winning: application.yml, database.yml, .env; or `environment`."

# Counted as state, because Chef reads every other property once more for the current and for the later value, and would call the block for it.
property :source_text, [String, Hash],
         sensitive: true,
         description: "The text of the application's file (or the hash that it is), for an application that has no file on the node. " \
                      'A block by `lazy { }` is called once, when the resource converges.'

property :source_attribute, [String, Array],
         coerce: proc { |path| Array(path).map(&:to_s) },
         desired_state: false,
         description: "The node attribute that holds the text or the hash: `%w(idp application_yml)` is `node['idp']['application_yml']`."

property :source_name, String,
         default: 'application.yml',
         equal_to: %w(application.yml database.yml .env),
         desired_state: false,
         description: 'What kind of file `source_text` or `source_attribute` is. It is written to `/etc/pgsidecar/sources/NAME/`.'

property :environment, [String, nil],
         default: nil,
         description: "The section of the application's files that counts. Not set: the agent's own default, `production`."

property :settings, Hash,
         default: {},
         coerce: proc { |settings| Pgsidecar::Cookbook::ConfigDocument.plain(settings) },
         description: 'Settings of pgsidecar.yml. Changes are shown, so passwords are refused here. An instance gets its own `unix_socket_dir` ' \
                      'unless it is said.'

property :secret_settings, Hash,
         default: {},
         sensitive: true,
         coerce: proc { |settings| Pgsidecar::Cookbook::ConfigDocument.plain(settings) },
         description: 'Settings that hold a secret, laid upon `settings`. They are never shown.'

property :path, String,
         default: lazy { Pgsidecar::Cookbook::Instance.new(instance).config_file },
         default_description: '`/etc/pgsidecar/pgsidecar.yml`, or `/etc/pgsidecar/NAME.yml`',
         desired_state: false,
         description: "The file. The units read the default one; another path is for a unit of one's own."

# Whoever may connect is in the group pgsidecar; in the other one is the agent's user alone. Root runs the commands that stand in the
# file, by `pgsidecar check`: so it is root's, and not the agent's.
property :owner, String,
         default: 'root',
         description: 'Owner of the file.'

property :group, String,
         default: 'pgsidecar-config',
         description: 'Group of the file.'

property :mode, String,
         default: '0640',
         regex: /\A[0-7]{3,4}\z/,
         coerce: proc { |mode| mode.rjust(4, '0') },
         description: 'Permissions of the file. None for others: it may hold a secret.'

property :supplementary_groups, [String, Array],
         coerce: proc { |groups| Array(groups) },
         desired_state: false,
         description: 'Groups that the agent is in besides its own, by a drop-in for its unit. Not set: those that it takes to read `source`, ' \
                      'found from the rights of the files and their folders.'

property :client_users, [String, Array],
         coerce: proc { |users| Array(users) },
         default: [],
         desired_state: false,
         description: "System users who may connect: they are put into the socket's group. Nobody is taken out of it."

property :socket_group, String,
         default: 'pgsidecar',
         desired_state: false,
         description: 'The group that may connect.'

def source_file
  ::File.join(Pgsidecar::Cookbook::Instance.new(instance).source_directory, source_name)
end

def text_given?
  property_is_set?(:source_text) || property_is_set?(:source_attribute)
end

def after_created
  given = %i(source source_text source_attribute).select { |name| property_is_set?(name) }
  return if given.size < 2

  raise ArgumentError, "#{self}: #{given.join(' and ')} are two places for one thing: set one"
end

load_current_value do |desired|
  current_value_does_not_exist! unless ::File.file?(desired.path)
  document = Pgsidecar::Cookbook::ConfigDocument.read(desired.path)
  current_value_does_not_exist! if document.nil?

  stat = ::File.stat(desired.path)
  owner Pgsidecar::Cookbook::Access.owner(stat)
  group Pgsidecar::Cookbook::Access.group(stat)
  mode format('%04o', stat.mode & 0o7777)
  source Array(document.delete('sources')).map(&:to_s)
  environment document.delete('environment')&.to_s
  secrets, shown = Pgsidecar::Cookbook::ConfigDocument.split(document, desired.secret_settings)
  secret_settings secrets
  settings shown
end

action_class do
  # What is wrong with the properties is said before anything is written.
  def validate_properties
    validate_settings
    relative = new_resource.source.reject { |path| path == 'environment' || path.start_with?('/') }
    raise ArgumentError, "#{new_resource}: source #{relative.join(', ')} has to be an absolute path" unless relative.empty?
    return if new_resource.mode.end_with?('0')

    raise ArgumentError, "#{new_resource}: mode #{new_resource.mode} lets others at the file, which may hold a secret"
  end

  def validate_settings
    secrets = Pgsidecar::Cookbook::ConfigDocument.secret_paths(new_resource.settings)
    unless secrets.empty?
      # Chef shows a resource that has failed, with its properties.
      new_resource.sensitive true
      raise ArgumentError, "#{new_resource}: #{secrets.join(', ')} would be shown: give it to secret_settings, or name a password_file"
    end

    taken = %w(sources environment) & (new_resource.settings.keys + new_resource.secret_settings.keys)
    raise ArgumentError, "#{new_resource}: #{taken.join(', ')} has a property of its own: source, environment" unless taken.empty?
  end

  # The text of the application's file, asked for once: a block may have to fetch it.
  def fetched_text
    given = if new_resource.property_is_set?(:source_text)
              new_resource.source_text
            else
              node.read(*new_resource.source_attribute)
            end
    case given
    when Hash then YAML.dump(Pgsidecar::Cookbook::ConfigDocument.plain(given))
    when String then given
    else raise ArgumentError, "#{new_resource}: #{origin} holds no text and no hash"
    end
  end

  def origin
    return 'source_text' if new_resource.property_is_set?(:source_text)

    "node#{new_resource.source_attribute.map { |key| "['#{key}']" }.join}"
  end

  def write_source
    text = fetched_text
    directory agent.source_directory do
      owner 'root'
      group 'pgsidecar-config'
      mode '0750'
      recursive true
    end

    file new_resource.source_file do
      content text
      owner 'root'
      group 'pgsidecar-config'
      mode '0640'
      sensitive true
      # A copy of a password in Chef's backups would outlive the password's rotation.
      backup false
    end
  end

  def config_text
    own = { 'sources' => new_resource.source, 'environment' => new_resource.environment }
    own.delete_if { |_key, value| value.nil? || value.empty? }
    settings = Pgsidecar::Cookbook::ConfigDocument.merge(new_resource.settings, new_resource.secret_settings)
    Pgsidecar::Cookbook::ConfigDocument.render(own.merge(settings))
  end

  def write_config
    text = config_text
    path = new_resource.path
    file path do
      content text
      owner new_resource.owner
      group new_resource.group
      mode new_resource.mode
      sensitive true
      backup false
      # It raises: were it only false, Chef would keep a copy of the refused file, and tell no reason.
      verify { |staged| judge(staged, "what would be #{path}") }
    end
  end

  # Nothing is staged in a why-run, so what would be written is judged elsewhere.
  def foretell
    Tempfile.create(['pgsidecar', '.yml']) do |staged|
      staged.write(config_text)
      staged.flush
      judge(staged.path, "what would be #{new_resource.path}")
    end
  end

  def groups
    return new_resource.supplementary_groups if new_resource.property_is_set?(:supplementary_groups)

    Pgsidecar::Cookbook::Access.groups_for(new_resource.source)
  end

  def write_drop_in
    wanted = groups
    path = "#{agent.drop_in_directory}/50-chef-groups.conf"
    execute "systemctl daemon-reload for #{agent.service}" do
      command 'systemctl daemon-reload'
      action :nothing
    end

    directory agent.drop_in_directory do
      owner 'root'
      group 'root'
      mode '0755'
      not_if { wanted.empty? }
    end

    file path do
      content "# The groups whose files the agent reads, written by Chef.\n\n[Service]\nSupplementaryGroups=#{wanted.join(' ')}\n"
      owner 'root'
      group 'root'
      mode '0644'
      action wanted.empty? ? :delete : :create
      notifies :run, "execute[systemctl daemon-reload for #{agent.service}]", :immediately
    end
  end

  def let_clients_in
    users = new_resource.client_users
    return if users.empty?

    # A property of this resource has the name `group`, too.
    declare_resource(:group, new_resource.socket_group) do
      members users
      append true
      action :manage
    end
  end
end

action :create, description: 'Write the configuration, the drop-in, and what goes with them.' do
  validate_properties
  write_source if new_resource.text_given?
  new_resource.settings({ 'unix_socket_dir' => agent.socket_directory }.merge(new_resource.settings)) unless agent.main?
  # Clients of Chef differ in whether they compare a property that nobody has set; set to what it is, it is compared.
  state = %i(source environment settings secret_settings owner group mode)
  state.each { |name| new_resource.send(name, new_resource.send(name)) }
  foretell if whyrun_mode?
  converge_if_changed(*state) { write_config }
  write_drop_in
  let_clients_in
end

action :delete, description: 'Take away what `:create` has written. The package is left in place.' do
  file new_resource.path do
    action :delete
    backup false
  end

  file new_resource.source_file do
    action :delete
    backup false
  end

  execute "systemctl daemon-reload for #{agent.service}" do
    command 'systemctl daemon-reload'
    action :nothing
  end

  file "#{agent.drop_in_directory}/50-chef-groups.conf" do
    action :delete
    notifies :run, "execute[systemctl daemon-reload for #{agent.service}]", :immediately
  end
end

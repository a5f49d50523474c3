# Runs one agent: its socket, which outlives it, and its service.

unified_mode true

provides :pgsidecar_service

use 'partial/instance'

property :socket, [true, false],
         default: true,
         desired_state: false,
         description: 'Whether systemd keeps the socket (`pgsidecar.socket`), so that nobody is refused while the agent is restarted.'

property :wait, [true, false],
         default: true,
         desired_state: false,
         description: 'After a start or a restart, wait until the agent can serve, and fail when it does not.'

property :wait_timeout, [String, Integer],
         default: '30s',
         coerce: proc { |time| time.to_s },
         regex: /\A[1-9][0-9]*(?:ms|s|min)?\z/,
         desired_state: false,
         description: 'For how long at most.'

default_action %i(enable start)

action_class do
  def units
    # The socket first: systemd does not open one for a service that already runs.
    new_resource.socket ? [agent.socket, agent.service] : [agent.service]
  end

  def each_unit(names, how)
    names.each do |name|
      service name do
        action how
      end
    end
  end

  def running?
    shell_out('systemctl', 'is-active', '--quiet', agent.service).exitstatus.zero?
  end

  # A process keeps the groups that it was started with; a reload cannot give it those of a new drop-in.
  def groups_outdated?
    shown = shell_out!('systemctl', 'show', '--property=SupplementaryGroups', '--property=MainPID', agent.service).stdout
    wanted = shown[/^SupplementaryGroups=(.*)$/, 1].split.map { |name| ::Etc.getgrnam(name).gid }
    wanted |= Pgsidecar::Cookbook::Access.own_groups
    status = ::File.read("/proc/#{shown[/^MainPID=(\d+)$/, 1]}/status")
    present = status[/^Groups:(.*)$/, 1].split.map(&:to_i) | [status[/^Gid:\s+(\d+)/, 1].to_i]
    wanted.sort != present.sort
  rescue ArgumentError, Errno::ENOENT
    # The group does not exist yet, or the process is gone: a restart finds out.
    true
  end

  def wait_until_ready
    return unless new_resource.wait

    command = [Pgsidecar::Cookbook::Checker::PROGRAM, 'wait', '--config', agent.config_file, '--timeout', new_resource.wait_timeout]
    result = shell_out(*command, timeout: 900)
    return unless result.error?

    raise "#{new_resource}: #{agent.service} has started and cannot serve: see pgsidecar status and journalctl -u #{agent.service}\n" \
          "#{Pgsidecar::Cookbook::Checker.sentences(result)}"
  end

  def restart
    # What cannot be used is said while the old agent still runs.
    judge(agent.config_file, "#{agent.config_file}, and the agent is left as it is")
    converge_by("restart #{agent.service}") do
      shell_out!('systemctl', 'restart', agent.service)
      wait_until_ready
    end
  end
end

action :enable, description: 'Start it at boot.' do
  each_unit(units, :enable)
end

action :disable, description: 'Do not start it at boot.' do
  each_unit(units, :disable)
end

action :start, description: 'Have it running.' do
  each_unit(units - [agent.service], :start)
  unless running?
    converge_by("start #{agent.service}") do
      shell_out!('systemctl', 'start', agent.service)
      wait_until_ready
    end
  end
end

action :stop, description: 'Stop it, and its socket with it.' do
  each_unit(units, :stop)
end

action :restart, description: 'Check, then start it anew. Clients wait in the socket meanwhile.' do
  restart
end

action :reload, description: 'Make it follow its configuration; the unit checks first. New groups take a restart, which is done then.' do
  if !running? then Chef::Log.info("#{new_resource}: #{agent.service} does not run, and reads its configuration when it starts")
  elsif groups_outdated? then restart
  else
    converge_by("reload #{agent.service}") { shell_out!('systemctl', 'reload', agent.service) }
  end
end

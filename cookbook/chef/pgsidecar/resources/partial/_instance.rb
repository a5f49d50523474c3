# The name of the agent, which all resources of one agent share.

property :instance, String,
         name_property: true,
         callbacks: {
           'has to be `default`, or a name of small letters, digits, - and _' => ->(name) { Pgsidecar::Cookbook::Instance::NAME.match?(name) },
         },
         description: 'Which agent: `default` is the main one, any other name is an instance of the template units (`pgsidecar@NAME`).'

action_class do
  def agent
    @agent ||= Pgsidecar::Cookbook::Instance.new(new_resource.instance)
  end

  # Raises with the agent's own sentences when it would refuse the file. In why-run mode that is a warning: what is missing may be
  # made earlier in the run.
  def judge(path, about)
    refusal = refusal_of(path)
    return true if refusal.nil?

    sentence = "#{new_resource}: pgsidecar check refuses #{about}:\n#{refusal}"
    raise Pgsidecar::Cookbook::Checker::Refused, sentence unless whyrun_mode?

    Chef::Log.warn("#{sentence}\n(unless what is missing would have been made earlier in this run)")
    true
  end

  def refusal_of(path)
    unless Pgsidecar::Cookbook::Checker.installed?
      return if whyrun_mode?

      return "#{Pgsidecar::Cookbook::Checker::PROGRAM} is not there: pgsidecar_install comes first"
    end
    variables = Pgsidecar::Cookbook::Checker.variables(agent.environment_file)
    result = shell_out(*Pgsidecar::Cookbook::Checker.command(path), environment: variables)
    Pgsidecar::Cookbook::Checker.sentences(result) if result.error?
  end
end

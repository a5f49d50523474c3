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
end

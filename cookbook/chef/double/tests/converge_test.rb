# Runs of the double go as Chef's do: order, unified mode, notifications, guards, why-run, and what is compared.

require_relative 'helper'

class ConvergeTest < Minitest::Test
  include DoubleHelper

  # A resource that writes down when it runs, and counts as updated.
  def tracer(log)
    resource_type do
      action(:run) { converge_by('run') { log << new_resource.name } }
      action(:rest) { log << "#{new_resource.name} rests" }
    end
  end

  def test_recipes_are_read_before_anything_runs_and_actions_in_unified_mode_run_as_they_are_read
    log = []
    inner = tracer(log)
    outer = resource_type do
      unified_mode true
      action :run do
        declare_resource(inner, 'inside')
        log << 'behind'
      end
    end
    converge do
      declare_resource(outer, 'x')
      log << 'read'
    end
    assert_equal %w(read inside behind), log
  end

  def test_without_unified_mode_an_action_is_read_to_its_end_first
    log = []
    inner = tracer(log)
    outer = resource_type do
      action :run do
        declare_resource(inner, 'inside')
        log << 'behind'
      end
    end
    converge { declare_resource(outer, 'x') }
    assert_equal %w(behind inside), log
  end

  def test_an_immediate_notification_comes_at_once_and_a_delayed_one_once_at_the_end
    log = []
    type = tracer(log)
    converge do
      %w(soon late).each { |name| declare_resource(type, name) { action :nothing } }
      %w(one two).each do |name|
        declare_resource(type, name) do
          notifies :run, "#{type}[late]"
          notifies :run, "#{type}[soon]", :immediately
        end
      end
    end
    assert_equal %w(one soon two soon late), log
  end

  def test_what_was_notified_before_a_failure_still_comes
    log = []
    type = tracer(log)
    failing = resource_type { action(:run) { raise 'broken' } }
    error = assert_raises(RuntimeError) do
      converge do
        declare_resource(type, 'late') { action :nothing }
        declare_resource(type, 'one') { notifies :run, "#{type}[late]" }
        declare_resource(failing, 'x')
        declare_resource(type, 'never')
      end
    end
    assert_equal 'broken', error.message
    assert_equal %w(one late), log
  end

  def test_nobody_is_notified_by_what_did_not_change
    log = []
    type = tracer(log)
    converge do
      declare_resource(type, 'other') { action :nothing }
      declare_resource(type, 'quiet') do
        action :rest
        notifies :run, "#{type}[other]"
      end
    end
    assert_equal ['quiet rests'], log
  end

  def test_a_resource_was_updated_when_one_inside_it_was_and_notifies_for_it
    log = []
    inner = tracer(log)
    outer = resource_type { action(:run) { declare_resource(inner, 'inside') { action node['quiet'] ? :rest : :run } } }
    recipe = proc do
      declare_resource(inner, 'told') { action :nothing }
      declare_resource(outer, 'x') { notifies :run, "#{inner}[told]" }
    end
    assert_equal 3, converge(&recipe).updated
    assert_equal %w(inside told), log
    assert_equal 0, converge(given: { 'quiet' => true }, &recipe).updated
    assert_equal ['inside', 'told', 'inside rests'], log
  end

  def test_a_notification_to_nobody_fails
    type = tracer([])
    assert_raises(Chef::Exceptions::ResourceNotFound) { converge { declare_resource(type, 'one') { notifies :run, "#{type}[gone]" } } }
  end

  def test_guards_leave_a_resource_out
    log = []
    type = tracer(log)
    converge do
      declare_resource(type, 'a') { not_if { true } }
      declare_resource(type, 'b') { only_if 'false' }
      declare_resource(type, 'c') { only_if 'true' }
    end
    assert_equal %w(c), log
  end

  def test_why_run_tells_and_does_nothing
    log = []
    type = tracer(log)
    report = converge(why_run: true) { declare_resource(type, 'a') }
    assert_empty log
    assert_equal 1, report.updated
    assert_includes said, 'would run'
  end

  def stateful(state)
    resource_type do
      property :size, Integer
      property :secret, String, sensitive: true
      property :hint, String, desired_state: false
      load_current_value do
        current_value_does_not_exist! if state.empty?
        state.each { |name, value| send(name, value) }
      end
      action(:set) { converge_if_changed { state.replace(size: new_resource.size, secret: new_resource.secret) } }
    end
  end

  def test_converge_if_changed_creates_then_leaves_alone_then_updates
    state = {}
    type = stateful(state)
    run = ->(size) { converge { declare_resource(type, 'x') { size(size) and secret('hush') and hint('any') } } }
    assert_equal 1, run.call(1).updated
    assert_equal 0, run.call(1).updated
    assert_equal 1, run.call(2).updated
    assert_includes said, 'set size to 2 (was 1)'
  end

  def test_converge_if_changed_shows_no_secret
    type = stateful({ size: 1, secret: 'old hush' })
    converge { declare_resource(type, 'x') { size(1) and secret('new hush') } }
    assert_includes said, 'set secret to (suppressed sensitive property)'
    refute_includes said, 'hush'
  end

  def test_a_lazy_value_that_is_no_state_is_called_for_the_values_before_and_after_too
    calls = Hash.new(0)
    type = resource_type do
      property :state, String
      property :other, String, desired_state: false
      load_current_value { nil }
      action(:read) { [new_resource.state, new_resource.other] }
    end
    converge do
      declare_resource(type, 'x') do
        state(lazy { (calls[:state] += 1).to_s })
        other(lazy { (calls[:other] += 1).to_s })
      end
    end
    assert_equal({ state: 1, other: 3 }, calls)
  end

  def test_what_failed_is_shown_as_chef_shows_it_and_its_secrets_are_not
    type = resource_type do
      property :told, String
      property :hushed, String, sensitive: true
      action(:run) { raise 'broken' }
    end
    assert_raises(RuntimeError) { converge { declare_resource(type, 'x') { told('this') and hushed('secret') } } }
    assert_includes said, 'told "this"'
    refute_includes said, 'secret"'
    assert_raises(RuntimeError) { converge { declare_resource(type, 'x') { told('this') and sensitive(true) } } }
    refute_includes said, 'told'
  end
end

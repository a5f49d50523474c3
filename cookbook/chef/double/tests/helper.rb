# What the tests of the double have in common: a run in memory, and a folder of its own for files.

require 'minitest/autorun'
require 'stringio'
require 'tmpdir'
require_relative '../lib/cookbook'

module DoubleHelper
  # Resources are declared by name once for all tests; each test gets a type of its own.
  def resource_type(&block)
    type = :"test_#{self.class.name.downcase}_#{name}_#{Chef::Resource.table.size}"
    kind = Class.new(Chef::Resource)
    kind.class_eval(&block)
    kind.provides(type)
    type
  end

  attr_reader :said

  # Reads the block as a recipe and converges it; gives the report.
  def converge(why_run: false, given: {}, &recipe)
    out = StringIO.new
    report = Chef::Report.new(out)
    Chef::Config[:why_run] = why_run
    Chef::Log.report = report
    context = Chef::RunContext.new(Chef::Node.new(platform_family: 'debian', given: given), report)
    Chef::Recipe.new(context).instance_eval(&recipe)
    context.converge
    report
  ensure
    @said = out.string
    Chef::Log.report = nil
    Chef::Config[:why_run] = false
  end

  def in_folder(&block)
    Dir.mktmpdir('chef-double-', &block)
  end
end

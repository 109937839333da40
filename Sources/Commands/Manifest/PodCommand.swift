internal import ArgumentParser

/// A command that the pods of a job can run together.
protocol PodCommand: ParsableCommand {
  var cluster: ClusterOptions { get }
  /// The given options that pods must not have: those that the manifest decides, and those that print something else.
  var unsuitableOptions: [String] { get }
}

extension TrainFamilyCommand: PodCommand {
  var cluster: ClusterOptions { options.cluster }
  var unsuitableOptions: [String] {
    (training.resume == nil ? [] : ["--resume"]) + options.unsuitableOptions
  }
}

extension TrainResumeCommand: PodCommand {
  var cluster: ClusterOptions { options.cluster }
  var unsuitableOptions: [String] { ["--resume"] }
}

extension SweepFamilyCommand: PodCommand {
  var cluster: ClusterOptions { sweep.common.cluster }
  var unsuitableOptions: [String] { sweep.common.unsuitableOptions }
}

extension SweepFileCommand: PodCommand {
  var cluster: ClusterOptions { common.cluster }
  var unsuitableOptions: [String] { common.unsuitableOptions }
}

extension TrainOptions {
  fileprivate var unsuitableOptions: [String] {
    cluster.optionsOfWorkers + (output.output == nil ? [] : ["--output"]) + (printConfig ? ["--print-config"] : [])
  }
}

extension SweepCommonOptions {
  fileprivate var unsuitableOptions: [String] { cluster.optionsOfWorkers + (resume == nil ? [] : ["--resume"]) }
}

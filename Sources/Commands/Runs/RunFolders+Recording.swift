internal import Compute
internal import Foundation
internal import Logging
internal import Models
internal import Runs

extension RunFolders {
  /// Notes a model in the record, if it is in a run's folder. A record that cannot be written is no reason to lose the model: it is said, and
  /// that is all.
  static func note(_ report: FitReport, of run: TrainingRun, as kind: String) {
    let parts = report.file.split(separator: "/")
    guard parts.count == 3, parts[0] == base, report.file.hasPrefix(base) else { return }
    let name = String(parts[1])
    let definition = report.settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    do throws(RunError) {
      let record = try RunRecord(folder: base)
      try record.begin(
        Run(
          name: name, kind: kind, data: report.data, dataDigest: report.dataDigest,
          definition: "\(report.kind.rawValue): \(definition)", version: report.atelierVersion,
          started: Date(timeIntervalSinceNow: -report.fitSeconds - report.testSeconds)))
      try record.add(RunModel(report), to: name)
      try record.end(name, .finished)
    } catch {
      run.options.logger.warning("this run is not recorded: \(error)")
    }
  }
}

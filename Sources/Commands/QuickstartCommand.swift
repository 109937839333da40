internal import ArgumentParser
internal import Datasets
internal import Files
internal import Logging
internal import Models
internal import Pipeline
internal import Text

struct QuickstartCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quickstart",
    abstract: "Trains the four models of the reference study and compares the results.",
    usage: "atelier quickstart [<options>]",
    discussion: """
      Uses Fashion-MNIST unless --data is given, and two worker processes unless --workers is given. The models, the \
      table (quickstart.json) and an HTML report are saved in a new folder runs/<time>. The same data give the same \
      digests on every machine.

      Example:  atelier quickstart
      """)

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var clusterOptions: ClusterOptions
  @OptionGroup var liveOptions: LiveOptions
  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws { try DistinctFiles.check(["--json": jsonOptions.json, "--events": clusterOptions.events]) }

  func run() throws {
    if try clusterOptions.workForLaunchedJob(computeOptions) { return }
    try jsonOptions.check()
    try liveOptions.withPage("Quickstart", computeOptions) {
      try TrainingRun.with(
        data: dataOptions.request, compute: computeOptions, cluster: clusterOptions, standardWorkers: 2
      ) { run in
        try RunFolders.standard.withNewFolder { try fitAll(in: run, folder: $0) }
      }
    }
  }

  private func fitAll(in run: TrainingRun, folder: String) throws {
    let file = "\(folder)/quickstart.json"
    let kinds = ModelFamilies.referenceModels.map(\.settings.kind.rawValue).joined(separator: ", ")
    let rows = try run.folders.record(file, as: "quickstart", kinds, of: run) { keep in
      try ModelFamilies.referenceModels.map { model in
        let row = try fit(model, in: run, folder: folder)
        keep(row.fit)
        return row
      }
    }
    let table = Self.table(rows).text
    try FileReplacement.write([Array((JSONOptions.encode(rows) + "\n").utf8)], to: file)
    let report = try RunReport.write(ofRunWith: file, run, computeOptions)
    let end = "models and quickstart.json written to \(folder)" + (report.map { "\nreport written to \($0)" } ?? "")
    try jsonOptions.write(rows, text: "\(table)\n\n\(end)")
  }

  private func fit(_ model: ReferenceModel, in run: TrainingRun, folder: String) throws -> Row {
    let report = try run.fit(
      model.settings, savingTo: "\(folder)/\(model.settings.kind.rawValue).safetensors",
      recordedAs: nil)
    computeOptions.logger.info(
      """
      \(report.kind.rawValue): accuracy \(formatted(report.testAccuracy, digits: 4)) after \
      \(formatted(report.fitSeconds + report.testSeconds, digits: 1)) s, digest \(report.digest)
      """)
    let isReferenceData = run.dataset.name == FashionMNIST.name
    let known = isReferenceData ? model.knownDigest : nil
    if let known, !report.digest.hasPrefix(known) {
      computeOptions.logger.warning(
        """
        the digest of \(report.kind.rawValue) differs from the expected one, \(known)…; check that the files of \
        Fashion-MNIST are unmodified
        """)
    }
    return Row(
      parameters: model.settings.kind.family.summary(of: model.settings),
      originalAccuracy: isReferenceData ? model.accuracy : nil, oneProcessDigest: known,
      fit: report)
  }

  private struct Row: Encodable {
    let parameters: String
    /// The accuracy in the reference study; nil for other data.
    let originalAccuracy: Double?
    /// The first digits of the digest that one process computes; nil for other data.
    let oneProcessDigest: String?
    let fit: FitReport
  }

  private static func table(_ rows: [Row]) -> TextTable {
    var table = TextTable(
      [.left, .left, .right, .right, .right, .right, .left, .left],
      header: ["model", "parameters", "accuracy", "reference", "fit s", "test s", "digest", "one process"])
    func percent(_ fraction: Double) -> String { formatted(100 * fraction, digits: 2) + " %" }
    for row in rows {
      table.add([
        row.fit.kind.rawValue, row.parameters, percent(row.fit.testAccuracy), row.originalAccuracy.map(percent) ?? "-",
        formatted(row.fit.fitSeconds, digits: 1), formatted(row.fit.testSeconds, digits: 1),
        String(row.fit.digest.prefix(16)), row.oneProcessDigest ?? "-",
      ])
    }
    return table
  }
}

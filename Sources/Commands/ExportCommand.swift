internal import ArgumentParser
internal import Compute
internal import Files
internal import Models
internal import Text

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a saved model in a format that other programs read.",
    usage: "atelier export <model> --format <name> [<options>]",
    discussion: """
      \(ModelExporters.all.help) `atelier` itself reads safetensors files only.

      Example:  atelier export runs/…/linear.safetensors --format npz
      """)

  @Argument(help: "Model file, as saved by atelier.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @Option(
    help: ArgumentHelp("Format: \(ModelExporters.all.map(\.name).alternatives).", valueName: "name"),
    completion: .list(ModelExporters.all.map(\.name)))
  var format: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      """
      File to write (default: the model's path with the file extension of the format); - writes to standard output. \
      An existing file is replaced; pipes and devices are written to.
      """, valueName: "file"))
  var output: String?

  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws {
    let output = path(try exporter())
    try DistinctFiles.check(["the model": model, "the exported file": output, "--json": jsonOptions.json])
    if !OutputPlace(output).isFile, let json = jsonOptions.json, json == "-" || OutputPlace(json) == OutputPlace(output)
    {
      throw ValidationError("the exported file and --json cannot both be written to \(output)")
    }
  }

  private func exporter() throws -> any ModelExporter {
    do { return try ModelExporters.all.named(format) } catch { throw ValidationError("--\(error)") }
  }

  /// The path of the exported file.
  private func path(_ exporter: any ModelExporter) -> String {
    output.map { $0 == "-" ? "/dev/stdout" : $0 } ?? "\(ModelFileName.stem(of: model)).\(exporter.ending)"
  }

  func run() throws {
    try jsonOptions.check()
    let exporter = try exporter()
    let path = path(exporter)
    let saved = try LoadedModel(path: model).saved
    let pieces = try exporter.pieces(of: saved)
    try FileReplacement.write(pieces, to: path)
    let report = ExportReport(
      model: model, kind: saved.metadata.kind, digest: saved.digest, format: exporter.name, file: path,
      tensors: saved.tensors.count, bytes: pieces.reduce(0) { $0 + $1.count })
    // A file on standard output must not be mixed with text.
    if OutputPlace(path).isFile { try jsonOptions.writeText(report.text) }
    try jsonOptions.write(report)
  }
}

private struct ExportReport: Encodable {
  let model: String
  let kind: ModelKind
  let digest: String
  let format: String
  let file: String
  let tensors: Int
  let bytes: Int

  var text: String {
    """
    exported  \(file.printable)
    content   \(counted(tensors, "tensor")), \(bytes) bytes
    digest    \(digest)
    """
  }
}

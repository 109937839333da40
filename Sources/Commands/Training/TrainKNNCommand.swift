internal import ArgumentParser
internal import Models

extension DistanceMetric: ExpressibleByArgument {}
extension Weighting: ExpressibleByArgument {}

struct TrainKNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "knn",
    abstract: "Trains a k-nearest neighbors model.",
    usage: "atelier train knn [<options>]",
    discussion: """
      The search is exact: it finds the same neighbors as a comparison with every training image. The model contains \
      all training images, so its file is as large as they are.

      Example:  atelier train knn --neighbors 7 --weights distance
      """)

  @Option(help: ArgumentHelp("Number of neighbors that vote.", valueName: "n"))
  var neighbors = NeighborsSettings().neighbors

  @Option(help: "Distance metric.")
  var metric = NeighborsSettings().metric

  @Option(help: "Weights of the votes: uniform, or by the inverse of the distance.")
  var weights = NeighborsSettings().weights

  @Option(
    help: ArgumentHelp(
      "Number of principal components to compare images by (default: none, compare pixels).", valueName: "n|none"))
  var components: NumberOrNone?

  @Option(
    help: ArgumentHelp(
      "Exponent P of whitening: components are scaled by their variance to the power -P/2; 1 equalizes them.",
      valueName: "p"))
  var whitening = NeighborsSettings().whitening

  @OptionGroup var options: TrainOptions

  func run() throws {
    var settings = NeighborsSettings()
    (settings.neighbors, settings.metric, settings.weights) = (neighbors, metric, weights)
    (settings.components, settings.whitening) = (components?.number, whitening)
    try options.run(.knn(settings))
  }
}

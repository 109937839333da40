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
      The search is exact: the same neighbors as by comparing with every training image. The model holds all training \
      images, so its file is as large as they are.

      Example:  atelier train knn --neighbors 7 --weights distance
      """)

  @Option(help: ArgumentHelp("Neighbours that vote.", valueName: "n"))
  var neighbors = NeighborsSettings().neighbors

  @Option(help: "How far two images are from each other.")
  var metric = NeighborsSettings().metric

  @Option(help: "Whether each vote counts the same, or the inverse of the distance.")
  var weights = NeighborsSettings().weights

  @Option(
    help: ArgumentHelp(
      "Principal components to compare by (default: none, the pixels are compared).", valueName: "n|none"))
  var components: NumberOrNone?

  @Option(
    help: ArgumentHelp(
      "P: each principal component is scaled by its variance to the power -P/2, so that 1 makes all equal.",
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

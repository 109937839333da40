internal import Evaluation
internal import Models

extension HoldOut {
  /// Sentences for the reader of a report: the source of the predictions and its consequences, or the reason why there
  /// are none.
  var explanation: String {
    let count = QuantityText.count(predictions?.count ?? 0)
    let all = QuantityText.count(trainingCount)
    let rest = QuantityText.count(trainingCount - (predictions?.count ?? 0))
    return switch source {
    case .validationSet:
      """
      The hold-out images are the network's validation set: \(count) of the \(all) training images, which it was not \
      trained on. The best epoch was chosen on them, so results may be slightly better than on new images.
      """
    case .outOfBag:
      """
      The hold-out images are \(count) of the \(all) training images, each classified only by the trees whose \
      bootstrap samples do not contain it (out of bag). These are about a third of the trees, so the whole forest is \
      slightly more accurate and more confident.
      """
    case .leaveOneOut:
      """
      The hold-out images are \(count == all ? "all" : "\(count) of the") \(all) training images, \
      \(count == all ? "" : "sampled at random, ")each classified by its nearest neighbors other than itself \
      (leave-one-out). Near duplicates among the training images make results slightly better than on new images.
      """
    case .companion:
      """
      The model was fitted on all training images, so a companion model with the same settings was fitted on \(rest) \
      of them. The hold-out images are the other \(count), classified by the companion. Choices based on them apply to \
      the model only as far as the two models are alike.
      """
    case .noneTrainedOnAll: "The network was trained on all training images, so there are no hold-out images."
    case .noneInEveryBootstrap: "Every tree was grown on every training image, so there are no hold-out images."
    case .noneOfTooManyNeighbors:
      "Each image is classified by all training images, including itself, so there are no hold-out images."
    case .noneOfTooFewImages:
      "No class has enough training images to hold some out, so there are no hold-out images."
    }
  }
}

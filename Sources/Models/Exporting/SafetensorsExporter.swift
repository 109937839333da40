/// The format in which Atelier itself saves and reads models.
struct SafetensorsExporter: ModelExporter {
  let name = "safetensors"
  let summary = "the file that Atelier saves, which Python's safetensors package reads."
  let ending = "safetensors"

  func pieces(of model: SavedModel) -> [[UInt8]] { model.file.pieces }
}

// Atelier with one more family of models, to test that a family needs no change anywhere else.

import Commands
import Models

ModelFamilies.register(ClassMeansFamily.self)
AtelierCommand.start()

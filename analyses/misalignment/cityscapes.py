"""The 19 classes of Cityscapes, and the English words that name them.

Which thing belongs to which class follows the Cityscapes class definitions: a van is a car, a fire engine a truck, a
tram a train, a moped a motorcycle, whoever rides anything a rider, a zebra crossing and a lane the road. Our choices:
"sign" alone is a traffic sign, shop signs aside; "light" alone is no traffic light, a red or a green one is; a street
light is none of the classes; hypernyms ("vehicle", "traffic", "two-wheeler") and people inside vehicles ("driver") name
none; "pavement" is the sidewalk; "street scene" names no road.
"""

from .vocabulary import Vocabulary

_BICYCLES = ("a bicycle", "a bike", "bicycles", "bikes", "his bike", "her bike", "their bikes")
_MOTORCYCLES = ("a motorcycle", "a motorbike", "a scooter", "a moped", "motorcycles", "motorbikes", "scooters")


def _mounted(vehicles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{start} {vehicle}" for vehicle in vehicles for start in ("{pedestrian} on", "riding"))


def _waited_for(vehicle: str, to: str = "") -> tuple[str, ...]:
    """Whoever waits for a bus does not see it; whoever waits for it to move does."""
    waits = ("wait", "waits", "waited", "waiting")
    return tuple(f"{wait} for {one} {vehicle}{to}" for wait in waits for one in ("a", "the"))


CITYSCAPES = Vocabulary(
    {
        "road": (
            *("street", "roadway", "highway", "motorway", "freeway", "avenue", "boulevard", "lane", "alley", "asphalt"),
            *("intersection", "crossroad", "crosswalk", "zebra crossing", "pedestrian crossing", "railroad crossing"),
            *("dirt road", "tarmac", "railway crossing", "level crossing"),
        ),
        "sidewalk": (
            *("pavement", "footpath", "footway", "walkway", "side walk", "curb", "kerb", "pedestrian path"),
            *("pedestrian walkway",),
        ),
        "building": (
            *("house", "skyscraper", "tower", "shop", "store", "storefront", "apartment", "church", "cathedral"),
            *("office", "warehouse", "high rise", "garage", "hotel", "restaurant", "townhouse", "facade", "bike shop"),
            *("railway station", "railroad station"),
            *("car dealership", "train station", "bus station", "bus terminal", "car repair shop"),
        ),
        "wall": (),
        "fence": ("fencing", "railing", "chain link fence"),
        "pole": (
            *("lamp post", "lamppost", "light pole", "light post", "utility pole", "telephone pole", "street pole"),
            *("bollard", "signpost", "sign post"),
        ),
        "traffic light": (
            *("traffic signal", "stoplight", "stop light", "signal light", "traffic lamp", "red light", "green light"),
            *("pedestrian light", "pedestrian signal", "crosswalk signal", "crossing light", "semaphore"),
            *(f"traffic signs {join} {lights}" for join in ("and", "or") for lights in ("lights", "signals")),
        ),
        "traffic sign": (
            *("sign", "road sign", "street sign", "stop sign", "yield sign", "signage", "street name sign"),
            *("no parking sign", "no entry sign", "no stopping sign", "no passing sign", "do not enter sign"),
            *("pedestrian crossing sign", "men at work sign", "bus stop sign", "bus sign", "one way sign"),
            *(f"traffic signs {join} {lights}" for join in ("and", "or") for lights in ("lights", "signals")),
        ),
        "vegetation": (
            *("tree", "bush", "hedge", "plant", "shrub", "foliage", "greenery", "flower", "forest", "palm", "treetop"),
            *("street tree", "tree lined"),
        ),
        "terrain": ("grass", "grassy", "lawn", "soil", "sand", "sandy", "dirt", "meadow", "grassland"),
        "sky": (),
        "pedestrian": (
            *("person", "people", "man", "men", "woman", "women", "child", "children", "kid", "boy", "girl", "humans"),
            *("individuals", "an individual", "adult", "toddler", "teenager", "lady", "gentleman", "gentlemen", "guy"),
            *("crowd", "passerby", "passersby", "passer by", "passers by", "jogger", "shopper", "commuter", "tourist"),
            *(
                "policeman",
                "policemen",
                "police officer",
                "worker",
                "student",
                "schoolchild",
                "schoolchildren",
                "human being",
                "crossing guard",
                "elderly couple",
                "young couple",
            ),
            *(f"pedestrian crossing {word}" for word in ("the", "a", "in")),
        ),
        "rider": (
            *("cyclist", "bicyclist", "motorcyclist", "biker", "bike rider", "bicycle rider", "motorcycle rider"),
            *("skateboarder", "{pedestrian} on a skateboard", "{pedestrian} on skateboards"),
            *("scooter rider", "motorbike rider", "someone riding", "{pedestrian} riding", "{pedestrian} rides"),
            *("{pedestrian} ride", "{pedestrian} is riding", "{pedestrian} are riding", "{pedestrian} who is riding"),
            *(*_mounted(_BICYCLES), *_mounted(_MOTORCYCLES)),
        ),
        "car": (
            *("automobile", "sedan", "suv", "taxi", "taxicab", "cab", "van", "minivan", "hatchback", "jeep", "coupe"),
            *("convertible", "station wagon", "limousine", "police car", "sports car"),
            *_waited_for("taxi", " to"),
        ),
        "truck": (
            *("lorry", "pickup", "semi trailer", "tractor trailer", "fire engine", "semi truck", "cab of a truck"),
            *("cab of the truck",),
        ),
        "bus": (
            "busses",
            "minibus",
            "double decker",
            "trolleybus",
            "trolley bus",
            "coach",
            "coach bus",
            "school bus",
            *_waited_for("bus", " to"),
        ),
        "train": (
            *(*_waited_for("tram", " to"), *_waited_for("train", " to")),
            *(
                "tram",
                "tramcar",
                "streetcar",
                "street car",
                "trolley",
                "light rail",
                "locomotive",
                "railcar",
                "commuter train",
            ),
            *("train car", "railway car", "tram car", "subway car", "metro train", "subway train", "monorail"),
        ),
        "motorcycle": ("motorbike", "motor bike", "moped", "scooter", "dirt bike", "vespa", *_mounted(_MOTORCYCLES)),
        "bicycle": ("bike", "push bike", "mountain bike", "cargo bike", *_mounted(_BICYCLES)),
    },
    critical=frozenset(
        {"pedestrian", "rider", "bicycle", "motorcycle", "car", "truck", "bus", "traffic light", "traffic sign"}
    ),
    others=(
        *("street light", "street lamp", "street scene", "street view", "street art", "street vendor", "street food"),
        *("street performer", "street furniture", "street photography", "street level", "street name", "off road"),
        *("road block", "tower crane", "cell tower", "wall of text"),
        *(
            "shop sign",
            "store sign",
            "neon sign",
            "restaurant sign",
            "hotel sign",
            "sign of",
            "signs of",
            "for sale sign",
        ),
        *("power plant", "industrial plant", "treatment plant", "sky blue", "grass green", "north pole", "ski pole"),
        *(
            "pedestrian zone",
            "pedestrian street",
            "pedestrian area",
            "pedestrian bridge",
            "pedestrian lane",
            "man made",
        ),
        *("pedestrian only", "pedestrian friendly", "pedestrian access", "pedestrian traffic", "child seat"),
        *(
            "car park",
            "car parking",
            "car wash",
            "car rental",
            "car lane",
            "car free",
            "cable car",
            "toy car",
            "dash cam",
        ),
        *("bus stop", "bus lane", "bus shelter", "bus route", "bus depot", "bus driver", "taxi stand", "taxi driver"),
        *(
            "truck stop",
            "truck driver",
            "train track",
            "train line",
            "train bridge",
            "train platform",
            "train of thought",
        ),
        *("tram track", "tram line", "tram stop", "tram rail", "subway station", "metro station", "streetcar track"),
        *("bike lane", "bicycle lane", "bike path", "bicycle path", "cycle lane", "cycling lane", "cycling path"),
        *(
            "bike rack",
            "bicycle rack",
            "bike stand",
            "bicycle stand",
            "bike rental",
            "kick scooter",
            "electric scooter",
        ),
        *("e scooter",),
        *_waited_for("bus"),
        *_waited_for("tram"),
        *_waited_for("train"),
        *_waited_for("taxi"),
    ),
)
"""The classes in the order of their train ids (0 road … 18 bicycle); the nine safety-critical ones are marked."""

"""The words by which captions name COCO's 80 classes, as CHAIR counts them.

The vocabulary is that of the official script, in so far as its code can find a word at all: its list also holds
"iPhone", "cheesecake" and "motor bike", which never match, since texts are in lower case and the two others are listed
with a space before them. Misspelt words ("televison", "solider", "phon", "knive") are the list's.
Source: Rohrbach et al. 2018; definitions, section 12.
"""

from collections.abc import Mapping
from types import MappingProxyType

_LIST = """
person: adult, baby, baker, bicyclist, biker, boy, bride, buyer, caller, camper, chef, child, children, cop, cowboy,
coworker, doctor, drinker, driver, father, female, foreigner, gentleman, girl, grandchild, groom, guy, hunter, kid,
lady, male, man, mother, offender, officer, passenger, patient, people, pitcher, player, policeman, politician, rider,
serviceman, shopper, sister, skateboarder, skater, skier, snowboarder, soldier, solider, student, teenager, thief,
traveler, trespasser, villager, walker, woman, worker;
bicycle: bike, minibike, trike, unicycle;
car: automobile, cab, coupe, hatchback, jeep, limo, minivan, sedan, suv, taxi, taxicab, van;
motorcycle: moped, motor cycle, motorbike, scooter;
airplane: air plane, airbus, aircraft, biplane, jet, jetliner, monoplane, plane, seaplane;
bus: minibus, trolley;
train: caboose, locomotive, tramway;
truck: firetruck, hauler, lorry, pickup;
boat: barge, battleship, canoe, catamaran, dinghy, ferry, ferryboat, freighter, houseboat, kayak, lifeboat, liner,
motorboat, paddleboat, pontoon, powerboat, riverboat, rowboat, sailboard, sailboat, schooner, ship, skiff, speedboat,
steamboat, steamship, trawler, tugboat, vessel, watercraft, yacht;
traffic light: stop light, stoplight, street light, streetlight, traffic signal;
fire hydrant: hydrant;
stop sign;
parking meter;
bench: pew;
bird: blackbird, bluebird, bluejay, buzzard, chickadee, cockatiel, cockatoo, condor, cormorant, cowbird, crow, duck,
egret, falcon, finch, flamingo, fowl, goose, gosling, gull, heron, hummingbird, kingfisher, loon, lorikeet, macaw,
magpie, mallard, oriole, osprey, ostrich, owl, parakeet, parrot, peacock, peafowl, pelican, pheasant, pigeon, puffin,
quail, raven, robin, rooster, sandpiper, seabird, seagull, shorebird, songbird, sparrow, swan, turkey, vulture,
warbler, waterbird, waterfowl, willet, woodpecker;
cat: feline, kitten, tabby;
dog: beagle, brindle, bulldog, canine, chihuahua, cocker, collie, corgi, dachshund, doberman, doggie, doggy,
greyhound, hound, husky, labrador, mutt, pitbull, poodle, pug, pup, puppy, retriever, rottweiler, schnauzer, sheepdog,
spaniel, terrier, weimaraner, whippet;
horse: bronc, bronco, clydesdale, colt, equine, foal, mare, mustang, palomino, pony, racehorse, stallion;
sheep: ewe, goat, lamb, ram;
cow: bison, buffalo, bull, calf, cattle, heifer, holstein, ox, zebu;
elephant;
bear: panda;
zebra;
giraffe;
backpack: knapsack;
umbrella;
handbag: briefcase, purse, wallet;
tie: bow, bow tie;
suitcase: luggage, suit case;
frisbee;
skis: ski;
snowboard;
sports ball: ball;
kite;
baseball bat;
baseball glove;
skateboard;
surfboard: longboard, shortboard, skimboard, wakeboard;
tennis racket: racket;
bottle;
wine glass;
cup;
fork;
knife: knive, pocketknife;
spoon;
bowl: container;
banana;
apple;
sandwich: burger, cheeseburger, hamburger, sub;
orange;
broccoli;
carrot;
hot dog;
pizza;
donut: bagel, doughnut;
cake: coffeecake, cupcake, pancake, shortcake;
chair: seat, stool;
couch: chesterfield, futon, loveseat, recliner, settee, sofa;
potted plant: houseplant;
bed;
dining table: desk, table;
toilet: commode, lavatory, potty, urinal;
tv: monitor, television, televison;
laptop: computer, laptop computer, lenovo, macbook, netbook, notebook;
mouse;
remote;
keyboard;
cell phone: cellphone, mobile phone, phon, phone, smartphone, telephone;
microwave;
oven: stove, stovetop;
toaster;
sink;
refrigerator: freezer, fridge;
book;
clock;
vase;
scissors;
teddy bear: teddybear;
hair drier: hairdryer;
toothbrush;
"""


def _read(text: str) -> dict[str, tuple[str, ...]]:
    entries = (entry.partition(":") for entry in " ".join(text.split()).split(";") if entry.strip())
    return {
        name.strip(): tuple(word.strip() for word in words.split(",") if word.strip()) for name, _, words in entries
    }


CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(_read(_LIST))
"""COCO's 80 classes, in the order of its categories but for none left out, and the other words that name each."""

CLASS_OF: Mapping[str, str] = MappingProxyType(
    {word: name for name, words in CLASSES.items() for word in (name, *words)}
)
"""The class that a word or pair of words in the singular names."""

_YOUNG = ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "animal", "cub")

_ONE_THING = (
    *("motor bike", "motor cycle", "air plane", "traffic light", "street light", "traffic signal", "stop light"),
    *("fire hydrant", "stop sign", "parking meter", "suit case", "sports ball", "baseball bat", "baseball glove"),
    *("tennis racket", "wine glass", "hot dog", "cell phone", "mobile phone", "teddy bear", "hair drier"),
    *("potted plant", "laptop computer", "home plate", "train track"),
)

PAIRS: Mapping[tuple[str, str], str] = MappingProxyType(
    {(first, second): f"{first} {second}" for first, second in map(str.split, _ONE_THING)}
    | {(qualifier, animal): animal for qualifier in ("baby", "adult") for animal in _YOUNG}
    | {("passenger", vehicle): vehicle for vehicle in ("jet", "train")}
    | {("bow", "tie"): "tie", ("toilet", "seat"): "toilet", ("wine", "glas"): "wine glass"}
)
"""Two words that are read as one: a thing, an animal or a vehicle, whose first word is no person, or nothing at all.

"baby bird" is a bird and no person, "home plate", "train track" and "motor bike" name no class. "glas" is what becomes
of "glass" in the singular.
"""

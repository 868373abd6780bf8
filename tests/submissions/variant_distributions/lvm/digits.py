"""The classifier of digits."""

import torch
import torch.distributions as td

from .nets import ConvClassifier


def balanced_subset(labels, per_class):
    # one random number for each image; of every digit those with the largest ones
    lots = td.Uniform(0.0, 1.0).sample(labels.shape)
    return torch.cat([lots.masked_fill(labels != digit, -1.0).topk(per_class).indices for digit in range(10)])


@torch.no_grad()
def evaluate_classifier(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    logits = torch.cat([model(part) for part in images.split(batch_size)])
    model.train(mode)
    loss = -td.Categorical(logits=logits).log_prob(labels).mean()
    return float(loss), float((logits.argmax(-1) == labels).float().mean())


def train_classifier(images, labels, val_images, val_labels, epochs=5, batch_size=64, learning_rate=1e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = ConvClassifier().to(device)
    opt = torch.optim.AdamW(net.parameters(), lr=learning_rate, weight_decay=1e-4)
    history = {"val_loss": [], "val_accuracy": []}
    x, y = images.to(device), labels.to(device)
    for _ in range(epochs):
        net.train()
        for idx in torch.randperm(len(x)).split(batch_size):
            opt.zero_grad(set_to_none=True)
            loss = -td.Categorical(logits=net(x[idx])).log_prob(y[idx]).mean()
            loss.backward()
            opt.step()
        loss, acc = evaluate_classifier(net, val_images.to(device), val_labels.to(device), batch_size)
        history["val_loss"].append(loss)
        history["val_accuracy"].append(acc)
    return net, history

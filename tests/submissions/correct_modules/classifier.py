"""Part J: a digit classifier."""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm


class ConvClassifier(nn.Module):
    def __init__(self, p=0.2):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, stride=2, padding=2)  # 14 x 14
        self.bn = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.drop = nn.Dropout(p)
        self.fc1 = nn.Linear(32 * 7 * 7, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = (x - 0.13) / 0.31
        x = torch.relu(self.bn(self.conv1(x)))
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = self.drop(torch.relu(self.fc1(x.flatten(1))))
        return self.fc2(x)


def evaluate_classifier(model, images, labels, batch_size):
    was_training = model.training
    model.eval()
    loss_sum, correct, n = 0.0, 0, 0
    with torch.no_grad():
        for xb, yb in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
            out = model(xb)
            loss_sum += F.cross_entropy(out, yb, reduction="sum").item()
            correct += (out.argmax(1) == yb).sum().item()
            n += len(yb)
    model.train(was_training)
    return loss_sum / n, correct / n


def train_classifier(images, labels, val_images, val_labels, *, epochs, batch_size, learning_rate, device, seed):
    torch.manual_seed(seed)
    model = ConvClassifier().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    data = TensorDataset(images.to(device), labels.to(device))
    loader = DataLoader(data, batch_size=batch_size, shuffle=True)
    history = {"train_loss": [], "val_loss": [], "val_accuracy": []}

    for epoch in tqdm(range(epochs), desc="epochs", file=sys.stderr):
        model.train()
        running = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(yb)
        val_loss, val_acc = evaluate_classifier(model, val_images.to(device), val_labels.to(device), batch_size)
        history["train_loss"].append(running / len(data))
        history["val_loss"].append(val_loss)
        history["val_accuracy"].append(val_acc)
        print(f"epoch {epoch + 1}: val loss {val_loss:.4f}, val accuracy {100 * val_acc:.1f} %")

    model.eval()
    return model, history


def balanced_subset(labels, per_class, generator=None):
    chosen = []
    for c in labels.unique():
        places = (labels == c).nonzero().squeeze(1)
        chosen.append(places[torch.randperm(len(places), generator=generator)[:per_class]])
    return torch.cat(chosen)


class MLPClassifier(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim, dropout=0.5):
        super().__init__()
        self.proj1 = nn.Linear(input_dim, hidden_dim)
        self.proj2 = nn.Linear(hidden_dim, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, batch):
        hid = F.relu(self.proj1(batch))
        return self.proj2(self.dropout(hid))


if __name__ == "__main__":
    from torchvision import datasets, transforms

    train = datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
    x = train.data[:2000].unsqueeze(1).float() / 255
    model, history = train_classifier(
        x, train.targets[:2000], x[:200], train.targets[:200],
        epochs=3, batch_size=64, learning_rate=1e-3, device="cpu", seed=0,
    )
    print(history)
